import type * as Sqs from '@aws-sdk/client-sqs';
import { awsMessage, clientOptions, type AwsKey } from './credentials.js';

/** A queue of SQS's, and how to get at it. */
export interface SqsQueueOptions extends AwsKey {
  readonly url: string;
  readonly region: string;
  /** Empty: as the url says. */
  readonly endpoint: string;
  /** How long a question waits for messages, in s: 0 to 20. */
  readonly waitSeconds: number;
}

export interface SqsMessage {
  /** The same where the queue delivers it again. */
  readonly id: string;
  readonly body: string;
  readonly receipt: string;
}

/** How long nobody else sees a message that was received, in s. */
export const INVISIBLE_SECONDS = 30;
/** As many as SQS gives at once. */
export const MOST_AT_ONCE = 10;
const CONNECT_LIMIT_MS = 5_000;
/** Beside the time that the question waits. */
const ANSWER_LIMIT_MS = 10_000;

type Sdk = typeof Sqs;

/** Receives messages from a queue by long polls. Each method asks once, and throws an Error that says what AWS said. */
export class SqsQueue {
  readonly #options: SqsQueueOptions;
  readonly #sdk: Sdk;
  readonly #client: InstanceType<Sdk['SQSClient']>;

  private constructor(options: SqsQueueOptions, sdk: Sdk) {
    this.#options = options;
    this.#sdk = sdk;
    this.#client = new sdk.SQSClient({
      region: options.region,
      ...clientOptions(options),
      endpoint: options.endpoint === '' ? new URL(options.url).origin : options.endpoint,
      requestHandler: {
        connectionTimeout: CONNECT_LIMIT_MS,
        socketTimeout: options.waitSeconds * 1000 + ANSWER_LIMIT_MS,
      },
    });
  }

  /** Throws a TypeError where `url` is none. */
  static async open(options: SqsQueueOptions): Promise<SqsQueue> {
    return new SqsQueue(options, await import('@aws-sdk/client-sqs'));
  }

  /** Waits for messages, as long as it may; nobody else sees them for INVISIBLE_SECONDS. @param most 1 to MOST_AT_ONCE */
  async receive(most: number, giveUp: AbortSignal): Promise<SqsMessage[]> {
    const { Messages = [] } = await this.#ask(async () =>
      this.#client.send(
        new this.#sdk.ReceiveMessageCommand({
          QueueUrl: this.#options.url,
          MaxNumberOfMessages: most,
          WaitTimeSeconds: this.#options.waitSeconds,
          VisibilityTimeout: INVISIBLE_SECONDS,
        }),
        { abortSignal: giveUp },
      ),
    );
    return Messages.map(({ MessageId: id = '', Body: body = '', ReceiptHandle: receipt = '' }) => ({
      id,
      body,
      receipt,
    }));
  }

  async delete({ receipt }: SqsMessage): Promise<void> {
    await this.#ask(async () =>
      this.#client.send(
        new this.#sdk.DeleteMessageCommand({
          QueueUrl: this.#options.url,
          ReceiptHandle: receipt,
        }),
      ),
    );
  }

  /** Nobody else sees the message for so many seconds from now on; with 0, all do. */
  async hide({ receipt }: SqsMessage, seconds = INVISIBLE_SECONDS): Promise<void> {
    await this.#ask(async () =>
      this.#client.send(
        new this.#sdk.ChangeMessageVisibilityCommand({
          QueueUrl: this.#options.url,
          ReceiptHandle: receipt,
          VisibilityTimeout: seconds,
        }),
      ),
    );
  }

  close(): void {
    this.#client.destroy();
  }

  async #ask<Answer>(call: () => Promise<Answer>): Promise<Answer> {
    try {
      return await call();
    } catch (error) {
      throw new Error(awsMessage(error, this.#options), { cause: error });
    }
  }
}
