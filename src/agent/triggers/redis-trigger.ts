import type { Logger } from 'pino';
import { ownConnection } from '../../net/own-connections.js';
import type { RedisChannel } from '../../redis/subscriber.js';
import type { Captures } from './captures.js';
import { ChannelState } from './channel-state.js';

/**
 * Takes capture messages from a Redis channel. Redis keeps none of them: what is published while the connection is away
 * is lost, and what is taken is done once.
 */
export async function listenToRedis(
  channel: RedisChannel,
  captures: Captures,
  log: Logger,
): Promise<{ close(): void }> {
  // Loaded on use.
  const { RedisSubscriber } = await import('../../redis/subscriber.js');
  const { host, port } = channel;
  const state = new ChannelState('redis', `redis ${host}:${port} ${channel.channel}`, log);
  return RedisSubscriber.open(
    channel,
    {
      onMessage: (message) => {
        captures.take('redis', message);
      },
      onAway: (error) => {
        state.away(error);
      },
      onConnected: () => {
        state.there();
      },
    },
    ownConnection,
  );
}
