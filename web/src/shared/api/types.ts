// The contract's words, by the names the server gives them.
import type { components } from './schema'

type Schemas = components['schemas']

export type User = Schemas['User']
export type Verdict = Schemas['Verdict']
export type Stage = Schemas['Stage']
export type Sentence = Schemas['Sentence']
export type WithheldSentence = Schemas['WithheldSentence']
export type Citation = Schemas['Citation']
export type Passage = Schemas['Passage']
export type NearestDocument = Schemas['NearestDocument']
export type OtherDocument = Schemas['OtherDocument']
export type Answer = Schemas['Answer']
export type AnswerEvent = Schemas['AnswerEvent']
export type SearchHit = Schemas['SearchHit']
export type DocumentSummary = Schemas['DocumentSummary']
export type DocumentText = Schemas['DocumentText']
export type SourceSummary = Schemas['SourceSummary']
export type SourceStatus = Schemas['SourceStatus']
export type SourceState = Schemas['SourceState']
export type PushResult = Schemas['PushResult']
