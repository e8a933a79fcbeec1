import { describe, expect, it } from 'vitest';
import { checkedAddress } from '../../../activities/egress/checked-address.ts';
import { getJson } from '../../../api/egress/get-json.ts';
import { post } from '../../../activities/egress/post.ts';

const answers =
  (...addresses: string[]) =>
  async () =>
    addresses.map((address) => ({ address, family: 4 }));

describe('the address of a request', () => {
  it('is the first that the name has', async () => {
    expect(await checkedAddress('a.example', false, answers('93.184.216.34', '8.8.8.8'))).toMatchObject({
      address: '93.184.216.34',
    });
  });

  it('is refused when any answer is forbidden', async () => {
    const refused = checkedAddress('a.example', false, answers('93.184.216.34', '127.0.0.1'));
    await expect(refused).rejects.toMatchObject({ code: 'address_refused' });
  });

  it('is refused for literal addresses too, in every spelling a URL may have', async () => {
    for (const host of ['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '[::ffff:7f00:1]', '169.254.169.254']) {
      const sent = post({ url: `http://${host}:9/`, headers: {}, body: '', internal: false, timeoutMs: 1_000 });
      await expect(sent, host).rejects.toMatchObject({ code: 'address_refused' });
    }
  });

  it('is refused on a link and for metadata also where the receiver is our own, by whatever name', async () => {
    for (const address of ['169.254.1.1', '169.254.169.254', 'fe80::1', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254']) {
      const named = checkedAddress('ours.example', true, answers('10.0.0.1', address));
      await expect(named, address).rejects.toMatchObject({ code: 'address_refused' });
      const json = getJson(new URL('https://ours.example'), {
        internal: true,
        timeoutMs: 1_000,
        mostBytes: 10,
        resolve: answers(address),
      });
      await expect(json, address).rejects.toMatchObject({ code: 'address_refused' });
    }
  });

  it('is missing when the name does not resolve', async () => {
    const none = checkedAddress('a.example', true, answers());
    await expect(none).rejects.toMatchObject({ code: 'name_unresolved' });
  });

  it('is looked for no longer than the request may take', async () => {
    const resolve = () => new Promise<never>(() => undefined);
    const sent = post({ url: 'http://a.example/', headers: {}, body: '', internal: true, timeoutMs: 50, resolve });
    await expect(sent).rejects.toMatchObject({ code: 'timeout' });
  });
});
