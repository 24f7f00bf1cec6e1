export type { S3Credentials, S3Options } from './requests.ts';
export { s3Blobs } from './s3-blobs.ts';
