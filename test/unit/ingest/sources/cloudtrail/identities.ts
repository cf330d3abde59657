/** An account and a user of it with a long-term key, made up. */
export const account = '111122223333';
export const alice = {
  type: 'IAMUser',
  principalId: 'AIDAEXAMPLEEXAMPLE01',
  arn: `arn:aws:iam::${account}:user/alice`,
  accountId: account,
  accessKeyId: 'AKIAEXAMPLEALICE0001',
  userName: 'alice',
};
