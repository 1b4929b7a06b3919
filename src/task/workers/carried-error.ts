import { messageOf, UserError, type ExitStatus, type Passing } from '../../errors/user-error.js';

/** An error as one thread tells another of it: what is thrown keeps neither its class nor its fields on the way. */
export type CarriedError =
  | {
      readonly kind: 'user';
      readonly message: string;
      readonly remedy: string | undefined;
      readonly exitStatus: ExitStatus;
      readonly passes: Passing | undefined;
    }
  | { readonly kind: 'bug'; readonly message: string; readonly stack: string | undefined };

export function carried(error: unknown): CarriedError {
  if (error instanceof UserError) {
    const { message, remedy, exitStatus, passes } = error;
    return { kind: 'user', message, remedy, exitStatus, passes };
  }
  const stack = error instanceof Error ? error.stack : undefined;
  return { kind: 'bug', message: messageOf(error), stack };
}

/** The error again, in the thread that was told of it. */
export function received(error: CarriedError): Error {
  if (error.kind === 'user') {
    const { message, remedy, exitStatus, passes } = error;
    const at = message.indexOf(': ');
    const [what, cause] = [message.slice(0, at), message.slice(at + 2)];
    return new UserError(what, cause, { remedy, exitStatus, passes });
  }
  const bug = new Error(error.message);
  if (error.stack !== undefined) bug.stack = error.stack;
  return bug;
}
