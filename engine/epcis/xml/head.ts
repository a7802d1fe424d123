// What a document says of itself: the SBDH, the statement of DSCSA, master data. Elements are known by their local names, for
// senders put them into several namespaces and, with EPCIS 1, into `extension`.

import { type DocumentHead, MAX_MASTER_ELEMENTS, type MasterElement } from '../model.ts';
import { type Attribute, copy, type Name } from './names.ts';

/** What an element or attribute costs besides its characters, so that empty ones are bounded too. */
const LENGTH_OF_EACH = 32;

/** Characters of master data that are kept: the rest is not, as with elements over their number. */
const MAX_MASTER_LENGTH = 8 * 1024 * 1024;

const MASTER_NAME = /^(?:urn:epcglobal:cbv:mda[:#]|cbvmda:)(.+)$/s;

type HeadValues = Pick<
  DocumentHead,
  'sender' | 'receiver' | 'instanceIdentifier' | 'createdAt' | 'guidelineVersion' | 'statement' | 'masterData'
>;

interface Open {
  readonly local: string;
  readonly id: string;
  text: string;
  hasChildren: boolean;
}

/** Takes the elements of EPCISHeader. */
export class HeadReader {
  #sender: string | null = null;
  #receiver: string | null = null;
  #instanceIdentifier: string | null = null;
  #createdAt: string | null = null;
  #guidelineVersion: string | null = null;
  #statement: { affirmed: string | null; legalNotice: string | null } | null = null;
  readonly #masterData: MasterElement[] = [];
  #masterLength = 0;
  #vocabulary = '';
  #element: { id: string; attributes: [string, string][] } | null = null;
  readonly #open: Open[] = [];

  open(name: Name, attributes: readonly Attribute[]): void {
    const { local } = name;
    const parent = this.#open.at(-1);
    if (parent !== undefined) {
      parent.hasChildren = true;
      parent.text = '';
    }
    this.#open.push({ local, id: attributeOf(attributes, 'id'), text: '', hasChildren: false });
    if (local === 'dscsaTransactionStatement') {
      this.#statement ??= { affirmed: null, legalNotice: null };
    } else if (local === 'Vocabulary') {
      this.#vocabulary = copy(attributeOf(attributes, 'type'));
    } else if (local === 'VocabularyElement') {
      this.#element = { id: copy(attributeOf(attributes, 'id')), attributes: [] };
    }
  }

  /** @returns characters of the innermost element, for the caller to bound. */
  text(text: string): number {
    const open = this.#open.at(-1);
    if (open === undefined || open.hasChildren || (open.text === '' && text.trim() === '')) {
      return 0;
    }
    open.text += text;
    return open.text.length;
  }

  close(): void {
    const open = this.#open.pop();
    if (open === undefined) {
      return;
    }
    if (open.local === 'VocabularyElement') {
      this.#keepElement();
    } else if (!open.hasChildren) {
      this.#leaf(open, this.#open.at(-1)?.local ?? '');
    }
  }

  /** The first of each counts. */
  values(): HeadValues {
    return {
      sender: this.#sender,
      receiver: this.#receiver,
      instanceIdentifier: this.#instanceIdentifier,
      createdAt: this.#createdAt,
      guidelineVersion: this.#guidelineVersion,
      statement: this.#statement,
      masterData: this.#masterData,
    };
  }

  #leaf(open: Open, parent: string): void {
    const value = (): string => copy(open.text.trim());
    switch (open.local) {
      case 'Identifier':
        if (parent === 'Sender') {
          this.#sender ??= value();
        } else if (parent === 'Receiver') {
          this.#receiver ??= value();
        }
        return;
      case 'InstanceIdentifier':
        if (parent === 'DocumentIdentification') {
          this.#instanceIdentifier ??= value();
        }
        return;
      case 'CreationDateAndTime':
        this.#createdAt ??= value();
        return;
      case 'guidelineVersion':
        this.#guidelineVersion ??= value();
        return;
      case 'affirmTransactionStatement':
        if (this.#statement !== null) {
          this.#statement.affirmed ??= value();
        }
        return;
      case 'legalNotice':
        if (this.#statement !== null) {
          this.#statement.legalNotice ??= value();
        }
        return;
      case 'attribute':
        this.#attribute(open.id, open.text.trim());
        return;
      default:
    }
  }

  #attribute(id: string, value: string): void {
    this.#masterLength += id.length + value.length + LENGTH_OF_EACH;
    if (this.#element !== null && this.#hasRoom()) {
      this.#element.attributes.push([copy(MASTER_NAME.exec(id)?.[1] ?? id), copy(value)]);
    }
  }

  #keepElement(): void {
    const element = this.#element;
    this.#element = null;
    if (element === null) {
      return;
    }
    this.#masterLength += element.id.length + LENGTH_OF_EACH;
    if (this.#hasRoom()) {
      this.#masterData.push({ vocabulary: this.#vocabulary, ...element });
    }
  }

  #hasRoom(): boolean {
    return this.#masterData.length < MAX_MASTER_ELEMENTS && this.#masterLength <= MAX_MASTER_LENGTH;
  }
}

function attributeOf(attributes: readonly Attribute[], name: string): string {
  return attributes.find((attribute) => attribute.name.raw === name)?.value.trim() ?? '';
}
