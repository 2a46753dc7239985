/** Up to there a page is a phone's and shows the pictures that were drawn for one. Style sheets say the same (test/report/phone.test.ts). */
export const ON_PHONE = '(max-width: 600px)';
