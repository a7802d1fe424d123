// What XML 1.0 and its namespaces allow and what not: every line was held against xmllint (libxml 2.9.14), which says the same.

import { describe, expect, it } from 'vitest';
import { read } from './read.ts';

const ROOT = 'e:EPCISDocument xmlns:e="urn:epcglobal:epcis:xsd:1" xmlns:x="urn:x"';
const within = (inner: string): string => `<${ROOT}>${inner}</e:EPCISDocument>`;
const codesOf = (document: string): string[] => read(document).faults.map(({ code }) => code);

describe('content', () => {
  it.each([
    'a &amp; &lt; &gt; &apos; &quot; &#65; &#x1F600; &#9; &#x80;',
    ']]&gt; ]] > ]>',
    '😀 \u007f \u0085 \ufeff \ufdd0',
    '<é/><a b="1" x:b="2"/><a xml:lang="en"/><a b = "&gt;\n>]]>"/>',
    '<a xmlns:x="urn:other"><x:b/></a><x:c/><a xmlns=""/>',
    '<a xmlns:xml="http://www.w3.org/XML/1998/namespace"/>',
    '<a></a ><a\r\nb="1"\r/>',
    '<!-- a - b --><!----><?a b?><?a ??><?xml-stylesheet a?>',
    '<![CDATA[ <a> & ]] ]]]><![CDATA[]]>',
  ])('takes %j', (inner) => {
    expect(codesOf(within(inner))).toEqual([]);
  });

  it.each([
    ...[
      'a & b',
      '&',
      '&nbsp;',
      '&;',
      '&amp b',
      '&#0;',
      '&#1;',
      '&#X41;',
      '&#-1;',
      '&#x110000;',
      '&#xD800;',
      '&#xFFFE;',
      '&#;',
      '&#x;',
      '&# 65;',
    ],
    ...[
      'a ]]> b',
      '\u0001',
      '\u0000',
      '\u000b',
      '\ufffe',
      '\uffff',
      'a < b',
      '<',
      '< a/>',
      '<1a/>',
      '<-a/>',
      '<×/>',
    ],
    ...['<:a/>', '<x:/>', '<x:a:b/>', '<x:1/>', '<x:-a/>', '<y:a/>', '<xmlns:a/>'],
    ...[
      '<a>',
      '<a></b>',
      '<a><b></a></b>',
      '<a></A>',
      '<a></ a>',
      '<a></a b="c">',
      '<a></a/>',
      '</>',
      '</a>',
      '<a / >',
    ],
    ...[
      '<a b="c"d="e"/>',
      '<a b="1" b="2"/>',
      '<a xmlns:p="urn:q" xmlns:q="urn:q" p:b="1" q:b="2"/>',
      '<a xmlns="u:a" xmlns="u:b"/>',
    ],
    ...[
      '<a b/>',
      '<a b=c/>',
      '<a b="<"/>',
      '<a b="&"/>',
      '<a b="&foo;"/>',
      '<a b="1\'/>',
      '<a 1b="1"/>',
      '<a y:b="1"/>',
      '<a :b="1"/>',
      '<a x:1="1"/>',
      '<a b="\u0001"/>',
      '<a b="1',
    ],
    ...[
      '<a xmlns:p=""/>',
      '<a xmlns:="u:a"/>',
      '<a xmlns:xml="u:a"/>',
      '<a xmlns:xmlns="u:a"/>',
      '<a xmlns:1="u:a"/>',
    ],
    ...[
      '<a xmlns:p="http://www.w3.org/XML/1998/namespace"/>',
      '<a xmlns="http://www.w3.org/XML/1998/namespace"/>',
      '<a xmlns:p="http://www.w3.org/2000/xmlns/"/>',
      '<a xmlns:p="u:a"><p:b/></a><p:c/>',
    ],
    ...[
      '<!-- a -- b -->',
      '<!-- a --->',
      '<!-->',
      '<!-- a',
      '<!-- \u0001 -->',
      '<! -- a -->',
      '<![cdata[ a ]]>',
      '<![CDATA[ a',
      '<![INCLUDE[a]]>',
      '<!a>',
    ],
    ...[
      '<? a?>',
      '<??>',
      '<?xml version="1.0"?>',
      '<?XML a?>',
      '<?1a?>',
      '<?a',
      '<?a:b c?>',
      '<?a+b?>',
      '<!DOCTYPE a>',
      '<!ENTITY a "b">',
    ],
  ])('refuses %j', (inner) => {
    expect(codesOf(within(inner))).toEqual(['D04_MALFORMED']);
  });
});

describe('around the root', () => {
  it.each([
    '<?xml version="1.0"?>',
    "<?xml version='1.0' encoding='utf-8' standalone='yes'?>",
    ' \n',
    '<!-- a -->',
    '<?a?>',
  ])('takes %j in front', (start) => {
    expect(codesOf(start + within(''))).toEqual([]);
  });

  it.each([
    ...[
      '<?xml version="2.0"?>',
      '<?xml encoding="UTF-8"?>',
      '<?xml encoding="UTF-8" version="1.0"?>',
      '<?xml version="1.0" standalone="maybe"?>',
      '<?xml version="1.0" a="b"?>',
      '<?xml version="1.0"encoding="UTF-8"?>',
    ],
    ...[
      ' <?xml version="1.0"?>',
      '<!-- --><?xml version="1.0"?>',
      '<?xml version="1.0"?><?xml version="1.0"?>',
      '<?xml version=1.0?>',
      '<?xml version="1.0">',
      '<?xml?>',
    ],
    ...['abc', '&amp;', '&#32;', '<![CDATA[]]>', '</a>', '\u0000'],
    ...[
      '<!DOCTYPE>',
      '<!DOCTYPEe>',
      '<!doctype e>',
      '<!DOCTYPE e><!DOCTYPE e>',
      '<!DOCTYPE e f>',
      '<!DOCTYPE 1e>',
      '<!DOCTYPE e "a">',
      '<!DOCTYPE e',
    ],
  ])('refuses %j in front', (start) => {
    expect(codesOf(start + within(''))).toEqual(['D04_MALFORMED']);
  });

  it.each([
    'abc',
    '<a/>',
    '</a>',
    '<![CDATA[a]]>',
    '&#32;',
    '<!DOCTYPE e>',
    '<',
    '\u0000',
    '<?xml version="1.0"?>',
  ])('refuses %j behind', (end) => {
    expect(codesOf(within('') + end)).toEqual(['D04_MALFORMED']);
  });

  it('reads XML 1.1 as 1.0: what only 1.1 allows is refused', () => {
    expect(codesOf(`<?xml version="1.1"?>${within('a')}`)).toEqual([]);
    expect(codesOf(`<?xml version="1.1"?>${within('&#1;')}`)).toEqual(['D04_MALFORMED']);
  });
});

describe('document types', () => {
  it.each([
    '<!DOCTYPE e>',
    '<!DOCTYPE e:EPCISDocument >',
    '<!DOCTYPE e [ ]>',
    '<!DOCTYPE e [<!-- <!ENTITY a "b"> -->]>',
  ])('ignores %s, which declares nothing', (doctype) => {
    expect(codesOf(doctype + within(''))).toEqual([]);
  });

  it.each([
    '<!DOCTYPE e SYSTEM "file:///etc/passwd">',
    '<!DOCTYPE e PUBLIC "-//x" "http://127.0.0.1/x.dtd">',
    '<!DOCTYPE e [<!ENTITY a "b">]>',
    '<!DOCTYPE e [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>',
    '<!DOCTYPE e [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE e [<!ELEMENT e ANY>]>',
    '<!DOCTYPE e [<!ATTLIST e a CDATA "b">]>',
    '<!DOCTYPE e [%a;]>',
  ])('refuses %s at once', (doctype) => {
    const { faults, head } = read(`${doctype}${within('&a;')}`);
    expect(faults.map(({ code }) => code)).toEqual(['D05_DTD_ENTITY']);
    expect(head).toBeNull();
  });

  it('knows no entity of a document type that declares nothing', () => {
    expect(codesOf(`<!DOCTYPE e>${within('&a;')}`)).toEqual(['D04_MALFORMED']);
  });
});
