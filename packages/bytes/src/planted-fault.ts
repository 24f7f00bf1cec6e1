export { default } from '@snapshot-ensemble/ensemble-bundle';
