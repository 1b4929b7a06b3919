/** The numbers of the controls in Wireshark's tool bar, from left to right. */
export const CONTROL = { status: 0, log: 1, help: 2 } as const;
