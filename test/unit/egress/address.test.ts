import { describe, expect, it } from 'vitest';
import { addressKind, mayReach } from '../../../domain/egress/address.ts';

describe('the kind of an address', () => {
  it.each([
    ['93.184.216.34', 'public'],
    ['172.15.255.255', 'public'],
    ['172.32.0.1', 'public'],
    ['100.63.255.255', 'public'],
    ['2606:4700::1111', 'public'],
    ['::ffff:8.8.8.8', 'public'],
    ['64:ff9b::8.8.8.8', 'public'],
    ['0.0.0.0', 'unspecified'],
    ['::', 'unspecified'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['0:0:0:0:0:0:0:1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:7f00:1', 'loopback'],
    ['64:ff9b::7f00:1', 'loopback'],
    ['2002:7f00:1::', 'loopback'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private'],
    ['192.168.1.1', 'private'],
    ['::ffff:10.1.2.3', 'private'],
    ['fc00::1', 'private'],
    ['fdff::1', 'private'],
    ['169.254.1.1', 'link_local'],
    ['169.254.169.254', 'metadata'],
    ['::ffff:169.254.169.254', 'metadata'],
    ['64:ff9b::a9fe:a9fe', 'metadata'],
    ['100.100.100.200', 'metadata'],
    ['fd00:ec2::254', 'metadata'],
    ['fd20:ce::254', 'metadata'],
    ['fe80::1', 'link_local'],
    ['fe80::1%eth0', 'link_local'],
    ['100.64.0.1', 'shared'],
    ['100.127.255.255', 'shared'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast'],
    ['ff02::1', 'multicast'],
    ['255.255.255.255', 'reserved'],
    ['192.0.2.1', 'reserved'],
    ['198.18.0.1', 'reserved'],
    ['2001:db8::1', 'reserved'],
    ['2001::1', 'reserved'],
    ['::127.0.0.1', 'reserved'],
    ['4000::1', 'reserved'],
    ['127.1', 'malformed'],
    ['0177.0.0.1', 'malformed'],
    ['2130706433', 'malformed'],
    ['256.1.1.1', 'malformed'],
    ['1::2::3', 'malformed'],
    ['1:2:3', 'malformed'],
    ['::12345', 'malformed'],
    ['', 'malformed'],
    ['example.org', 'malformed'],
  ])('%s is %s', (address, kind) => expect(addressKind(address)).toBe(kind));

  it('decides who may be reached: the public by all, our own networks by an internal adapter, nothing else by anyone', () => {
    const reach = (internal: boolean) =>
      (
        [
          'public',
          'loopback',
          'private',
          'link_local',
          'metadata',
          'shared',
          'multicast',
          'reserved',
          'unspecified',
          'malformed',
        ] as const
      ).filter((kind) => mayReach(kind, internal));
    expect(reach(false)).toEqual(['public']);
    expect(reach(true)).toEqual(['public', 'loopback', 'private', 'shared']);
  });
});
