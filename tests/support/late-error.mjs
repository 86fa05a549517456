// An uncaught error some time after the program starts: `node --import` this with LATE_ERROR=throw or =reject.
setTimeout(() => {
  const error = new Error('unforeseen');
  if (process.env.LATE_ERROR === 'throw') throw error;
  Promise.reject(error);
}, 300);
