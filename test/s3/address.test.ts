// Addresses of lakes in S3.

import { expect, test } from 'vitest';
import { addressText, parseAddress, parseEndpoint } from '../../engine/s3/address.ts';

test('s3 address: bucket and prefix, with or without a slash at the end', () => {
  expect(parseAddress('s3://lake')).toEqual({ bucket: 'lake', prefix: '' });
  expect(parseAddress('s3://lake/')).toEqual({ bucket: 'lake', prefix: '' });
  expect(parseAddress('s3://lake.example/cold/chain/')).toEqual({
    bucket: 'lake.example',
    prefix: 'cold/chain/',
  });
  expect(addressText({ bucket: 'lake', prefix: '' })).toBe('s3://lake');
  expect(addressText({ bucket: 'lake', prefix: 'a/' })).toBe('s3://lake/a');
  expect(addressText({ bucket: 'lake', prefix: 'a/' }, 'k')).toBe('s3://lake/a/k');
});

test.each([
  's3://',
  's3://La',
  's3://ab',
  's3://user:secret@host/x',
  's3://lake//x',
  's3://lake/../x',
  's3://lake/ä',
  's3://lake/a b',
  `s3://lake/${'x'.repeat(250)}/${'x'.repeat(250)}`,
])('s3 address: %s is refused', (url) => {
  expect(() => parseAddress(url)).toThrow(/s3:\/\//);
});

test.each([
  ['minio', /AWS_ENDPOINT_URL: a URL such as https/],
  ['ftp://minio.example', /a URL such as https/],
  ['https://key:secret@minio.example', /no credentials in the URL/],
  ['https://minio.example/?x=1', /no query/],
])('s3 address: %s is no endpoint, and the message does not repeat it', (endpoint, words) => {
  expect(() => parseEndpoint(endpoint, 'AWS_ENDPOINT_URL')).toThrow(words);
  expect(() => parseEndpoint(endpoint, 'AWS_ENDPOINT_URL')).not.toThrow(/secret|ftp|x=1/);
});
