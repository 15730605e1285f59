/** The keys under which evidence is kept begin so; its id follows. */
export const evidencePrefix = 'evidence/';
