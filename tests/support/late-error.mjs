// A fault that nobody catches, a while after the program began: `node --import` this with LATE_ERROR=throw or =reject.
setTimeout(() => {
  const error = new Error('unforeseen');
  if (process.env.LATE_ERROR === 'throw') throw error;
  Promise.reject(error);
}, 300);
