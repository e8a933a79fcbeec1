import { describe, expect, it } from 'vitest';
import { s3FolderOf, s3KeysOf } from '../../../storage/s3-place.ts';

const by = { credentials: undefined, internal: false };

describe('a destination by its address', () => {
  it('is a bucket, and a folder in it', () => {
    expect(s3FolderOf('https://s3.example/exports', by)).toMatchObject({
      endpoint: 'https://s3.example',
      bucket: 'exports',
      prefix: '',
      region: 'us-east-1',
    });
    expect(s3FolderOf('http://127.0.0.1:7070/exports/team-a/v1/', by)).toMatchObject({
      endpoint: 'http://127.0.0.1:7070',
      prefix: 'team-a/v1/',
    });
  });

  it.each([
    'https://s3.example',
    'https://s3.example/Exports',
    'https://s3.example/exports//a',
    'https://s3.example/exports/%2e%2e',
    'https://s3.example/exports?list',
    'https://u:p@s3.example/exports',
    'ftp://s3.example/exports',
    'exports',
  ])('%s names none', (url) => {
    expect(s3FolderOf(url, by)).toBeUndefined();
  });

  it('has keys that one secret holds', () => {
    expect(s3KeysOf('AKIA:secret/+=\n')).toMatchObject({ accessKeyId: 'AKIA', secretAccessKey: 'secret/+=' });
    expect(s3KeysOf('AKIA:secret:token')?.sessionToken).toBe('token');
    for (const text of ['', 'AKIA', 'AKIA:', ':secret', 'AKIA:secret:', 'a:b:c:d'])
      expect(s3KeysOf(text)).toBeUndefined();
  });
});
