/** How sure a fact is: said by ST or Arm, measured on silicon, told by users, concluded, fitted to measurements, or taken for granted. */
export type Confidence = 'documented' | 'measured' | 'reported' | 'inferred' | 'fitted' | 'assumed';
