// To be loaded on use: the SDK takes a good part of a second.
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import {
  awsMessage,
  clientOptions,
  requestHandler,
  type AwsConnections,
  type AwsKey,
} from './credentials.js';

/** A queue of SQS's, and how to get at it. */
export interface SqsQueueOptions extends AwsKey {
  readonly url: string;
  readonly region: string;
  /** Empty: as the url says. */
  readonly endpoint: string;
  /** How long a question waits for messages, in s: 0 to 20. */
  readonly waitSeconds: number;
  /** How long nobody else sees a message that was received, in s. */
  readonly invisibleSeconds: number;
}

export interface SqsMessage {
  /** The same where the queue delivers it again. */
  readonly id: string;
  readonly body: string;
  readonly receipt: string;
}

const CONNECT_LIMIT_MS = 5_000;
/** Beside the time that the question waits. */
const ANSWER_LIMIT_MS = 10_000;

/** Receives messages from a queue by long polls. Each method asks once, and throws an Error that says what AWS said. */
export class SqsQueue {
  readonly #options: SqsQueueOptions;
  readonly #client: SQSClient;

  /** Throws a TypeError where `url` is none. */
  constructor(options: SqsQueueOptions, connections?: AwsConnections) {
    this.#options = options;
    this.#client = new SQSClient({
      region: options.region,
      ...clientOptions(options),
      endpoint: options.endpoint === '' ? new URL(options.url).origin : options.endpoint,
      requestHandler: requestHandler(
        {
          connectionTimeout: CONNECT_LIMIT_MS,
          socketTimeout: options.waitSeconds * 1000 + ANSWER_LIMIT_MS,
        },
        connections,
      ),
    });
  }

  /** Waits for messages, as long as it may; nobody else sees them for `invisibleSeconds`. @param most 1 to 10 */
  async receive(most: number, giveUp: AbortSignal): Promise<SqsMessage[]> {
    const { Messages = [] } = await this.#ask(async () =>
      this.#client.send(
        new ReceiveMessageCommand({
          QueueUrl: this.#options.url,
          MaxNumberOfMessages: most,
          WaitTimeSeconds: this.#options.waitSeconds,
          VisibilityTimeout: this.#options.invisibleSeconds,
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
        new DeleteMessageCommand({
          QueueUrl: this.#options.url,
          ReceiptHandle: receipt,
        }),
      ),
    );
  }

  /** Nobody else sees the message for so many seconds from now on; with 0, all do. */
  async hide({ receipt }: SqsMessage, seconds = this.#options.invisibleSeconds): Promise<void> {
    await this.#ask(async () =>
      this.#client.send(
        new ChangeMessageVisibilityCommand({
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
