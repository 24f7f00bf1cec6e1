import * as tf from '@tensorflow/tfjs';
import ts from 'typescript'; import {readFileSync,writeFileSync} from 'node:fs';
import { anneal, equalCycles } from '@snapshot-ensemble/schedules';
writeFileSync('zz-spirals.mjs', ts.transpileModule(readFileSync('examples/browser/src/spirals.ts','utf8'),{compilerOptions:{target:'es2022',module:'esnext'}}).outputText);
const {spirals}=await import('./zz-spirals.mjs');
await tf.setBackend('cpu'); const plan=equalCycles({totalSteps:400,cycles:5}); const schedule=anneal(plan,{lrInit:0.5});
const { points, classes } = spirals(512,1); const v=spirals(256,2); const out=[];
for(let seed=1;seed<=10;seed++){ const k=(i)=>tf.initializers.glorotUniform({seed:10*seed+i});
const model=tf.sequential({layers:[tf.layers.dense({inputShape:[2],units:32,activation:'tanh',kernelInitializer:k(1)}),tf.layers.dense({units:32,activation:'tanh',kernelInitializer:k(2)}),tf.layers.dense({units:2,activation:'softmax',kernelInitializer:k(3)})]});
const opt=tf.train.momentum(0.5,0.9); model.compile({optimizer:opt,loss:'categoricalCrossentropy'}); let step=0;
await model.fit(points,classes,{epochs:50,batchSize:64,shuffle:false,verbose:0,callbacks:{onBatchBegin:()=>opt.setLearningRate(Math.max(schedule(step++),1e-12))}});
out.push(model.evaluate(v.points,v.classes,{verbose:0}).dataSync()[0].toFixed(3));}
console.log(out.join(' '));
