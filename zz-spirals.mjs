import * as tf from '@tensorflow/tfjs';
/** A generator of numbers in [0, 1) that gives the same ones for the same seed (mulberry32). */
function random(seed) {
    let state = seed;
    return () => {
        state = (state + 0x6d2b79f5) | 0;
        let bits = Math.imul(state ^ (state >>> 15), state | 1);
        bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
        return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
    };
}
/** Two noisy spiral arms in the square [-1.25, 1.25): points `[count, 2]` and one-hot classes `[count, 2]`. */
export function spirals(count, seed) {
    const next = random(seed);
    const labels = Array.from({ length: count }, () => Math.floor(2 * next()));
    const points = labels.map((label) => {
        const radius = 0.15 + 0.85 * next();
        const angle = 5 * radius + Math.PI * label;
        const noise = () => 0.3 * (next() - 0.5);
        return [radius * Math.cos(angle) + noise(), radius * Math.sin(angle) + noise()];
    });
    return {
        points: tf.tensor2d(points),
        classes: tf.oneHot(labels, 2),
    };
}
