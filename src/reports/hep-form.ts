import {
  Chunk,
  CHUNK_HEADER_BYTES,
  FAMILY_IPV4,
  FAMILY_IPV6,
  HEP3_HEADER_BYTES,
  PayloadType,
} from '../protocols/hep/chunk.js';
import { chunk, chunkHead, type HepSettings, MAGIC } from '../protocols/hep/hep-writer.js';
import { Column } from '../protocols/message-batch.js';
import { MessageForm } from './message-form.js';

/** The HEP3 packet of a SIP message by its row in a batch, chunk by chunk as HepWriter writes it. */
export function hep3Form({ captureId, password = '', nodeName = '' }: HepSettings): MessageForm {
  const form = new MessageForm();
  const id = Buffer.alloc(4);
  id.writeUInt32BE(captureId);
  const addresses = (is4: boolean) => {
    const bytes = is4 ? 4 : 16;
    form.whereIs(Column.AddressBytes, bytes, () => {
      form
        .literal(chunk(Chunk.Family, Buffer.from([is4 ? FAMILY_IPV4 : FAMILY_IPV6])))
        .literal(chunkHead(Chunk.Protocol, 1))
        .bigEndian(Column.Protocol, 1)
        .literal(chunkHead(is4 ? Chunk.Source4 : Chunk.Source6, bytes))
        .addressBytes(Column.SourceAddress, Column.AddressBytes, Column.Source)
        .literal(chunkHead(is4 ? Chunk.Destination4 : Chunk.Destination6, bytes))
        .addressBytes(Column.DestinationAddress, Column.AddressBytes, Column.Source);
    });
  };
  form.literal(Buffer.concat([MAGIC, Buffer.alloc(HEP3_HEADER_BYTES - MAGIC.length)]));
  addresses(true);
  addresses(false);
  form
    .literal(chunkHead(Chunk.SourcePort, 2))
    .bigEndian(Column.SourcePort, 2)
    .literal(chunkHead(Chunk.DestinationPort, 2))
    .bigEndian(Column.DestinationPort, 2)
    .literal(chunkHead(Chunk.Seconds, 4))
    .bigEndian(Column.Seconds, 4)
    .literal(chunkHead(Chunk.Microseconds, 4))
    .bigEndian(Column.Microseconds, 4)
    .literal(chunk(Chunk.PayloadType, Buffer.from([PayloadType.Sip])))
    .literal(chunk(Chunk.CaptureId, id));
  if (password !== '') form.literal(chunk(Chunk.Password, password));
  form.whereNotEmpty(Column.CallId, () => {
    addField(form, Chunk.CorrelationId, Column.CallId);
  });
  if (nodeName !== '') form.literal(chunk(Chunk.NodeName, nodeName));
  addField(form, Chunk.Payload, Column.Message);
  return form.wholeLength(MAGIC.length);
}

/** A chunk with the bytes of a field. */
function addField(form: MessageForm, type: number, column: number): void {
  form
    .literal(chunkHead(type, 0).subarray(0, CHUNK_HEADER_BYTES - 2))
    .lengthBytes(column, CHUNK_HEADER_BYTES)
    .raw({ column, source: Column.Source });
}
