import { connect } from 'node:http2';

const serving = 1;
const patienceMs = 1_000;

/** One call of the gRPC health protocol (grpc.health.v1.Health/Check); true when `service` answers SERVING. */
export function isServing(host: string, port: number, service: string): Promise<boolean> {
  return new Promise((resolve) => {
    const session = connect(`http://${host}:${port}`);
    const answer = (ready: boolean) => {
      session.destroy();
      resolve(ready);
    };
    session.setTimeout(patienceMs, () => answer(false));
    session.once('error', () => answer(false));
    const call = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const chunks: Buffer[] = [];
    call.on('data', (chunk: Buffer) => chunks.push(chunk));
    call.once('error', () => answer(false));
    call.once('end', () => answer(isServingReply(Buffer.concat(chunks))));
    call.end(request(service));
  });
}

/** HealthCheckRequest {service = 1} behind gRPC's five bytes: not compressed, length. */
function request(service: string): Buffer {
  const name = Buffer.from(service);
  const message = Buffer.concat([Buffer.from([0x0a, name.length]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** HealthCheckResponse {status = 1}. */
function isServingReply(reply: Buffer): boolean {
  return reply[5] === 0x08 && reply[6] === serving;
}
