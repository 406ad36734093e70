// Questions to begin with; the sample workspace answers them.

export const SUGGESTIONS = [
  'How many unused days of leave can I carry over?',
  'How long does the battery of the Rime 3 last?',
  'Until when can a customer return an unopened device?',
  'How long must my password be?',
] as const
