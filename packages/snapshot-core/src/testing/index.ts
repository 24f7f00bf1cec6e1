export { blobStoreContract } from './blob-store-contract.ts';
export type { ContractCase } from './contract.ts';
