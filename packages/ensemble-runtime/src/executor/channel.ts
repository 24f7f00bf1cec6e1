/** File descriptor of the child's end of the pipe: both ways, and out of reach of whatever prints. */
export const CHANNEL = 3;
