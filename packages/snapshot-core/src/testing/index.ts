export { blobStoreContract } from './blob-store-contract.ts';
export type { ContractCase } from './contract.ts';
export { storeContract } from './store-contract.ts';
export type { OpenStore } from './store/subject.ts';
export { trainerContract } from './trainer-contract.ts';
export type { TrainerUnderTest } from './trainer/subject.ts';
