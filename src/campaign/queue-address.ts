/** The address of a queue, as it is shown: without the password. */
export const hidden = (url: string): string => url.replace(/\/\/[^@/]*@/, '//…@');
