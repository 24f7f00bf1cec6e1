export { blobStoreContract } from './blob-store-contract.ts';
export type { ContractCase } from './contract.ts';
export { storeContract, type OpenStore } from './store-contract.ts';
export { trainerContract, type TrainerUnderTest } from './trainer-contract.ts';
