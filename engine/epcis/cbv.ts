// The words of the Core Business Vocabulary 2.0: which there are, and the three ways to write one (bare, URN, web URI).

/** The vocabularies whose words have a bare form. */
export type Vocabulary =
  | 'bizStep'
  | 'disposition'
  | 'bizTransaction'
  | 'sourceDest'
  | 'errorReason'
  | 'component'
  | 'measurement'
  | 'alert';

const words = (text: string): ReadonlySet<string> => new Set(text.split(' '));

/** Every word of each vocabulary, bare. Source: the JSON schema of EPCIS 2.0.1. */
export const CBV_WORDS: Readonly<Record<Vocabulary, ReadonlySet<string>>> = {
  bizStep: words(
    'accepting arriving assembling collecting commissioning consigning creating_class_instance cycle_counting ' +
      'decommissioning departing destroying disassembling dispensing encoding entering_exiting holding inspecting ' +
      'installing killing loading other packing picking receiving removing repackaging repairing replacing ' +
      'reserving retail_selling sampling sensor_reporting shipping staging_outbound stock_taking stocking storing ' +
      'transporting unloading unpacking void_shipping',
  ),
  disposition: words(
    'active available completeness_inferred completeness_verified conformant container_closed container_open ' +
      'damaged destroyed dispensed disposed encoded expired in_progress in_transit inactive mismatch_class ' +
      'mismatch_instance mismatch_quantity needs_replacement no_pedigree_match non_conformant non_sellable_other ' +
      'partially_dispensed recalled reserved retail_sold returned sellable_accessible sellable_not_accessible ' +
      'stolen unavailable unknown',
  ),
  bizTransaction: words('bol cert desadv inv pedigree po poc prodorder recadv rma testprd testres upevt'),
  sourceDest: words('owning_party possessing_party location'),
  errorReason: words('did_not_occur incorrect_data'),
  component: words(
    'x y z axial_distance azimuth height spherical_radius polar_angle elevation_angle easting northing latitude ' +
      'longitude altitude',
  ),
  measurement: words(
    'AbsoluteHumidity AbsorbedDose AbsorbedDoseRate Acceleration Radioactivity Altitude AmountOfSubstance ' +
      'AmountOfSubstancePerUnitVolume Angle AngularAcceleration AngularMomentum AngularVelocity Area Capacitance ' +
      'Conductance Conductivity Count Density Dimensionless DoseEquivalent DoseEquivalentRate DynamicViscosity ' +
      'ElectricCharge ElectricCurrent ElectricCurrentDensity ElectricFieldStrength Energy Exposure Force Frequency ' +
      'Illuminance Inductance Irradiance KinematicViscosity Length LinearMomentum Luminance LuminousFlux ' +
      'LuminousIntensity MagneticFlux MagneticFluxDensity MagneticVectorPotential Mass MassConcentration ' +
      'MassFlowRate MassPerAreaTime MemoryCapacity MolalityOfSolute MolarEnergy MolarMass MolarVolume Power ' +
      'Pressure RadiantFlux RadiantIntensity RelativeHumidity Resistance Resistivity SolidAngle SpecificVolume ' +
      'Speed SurfaceDensity SurfaceTension Temperature Time Torque Voltage Volume VolumeFlowRate VolumeFraction ' +
      'VolumetricFlux Wavenumber',
  ),
  alert: words('ALARM_CONDITION ERROR_CONDITION'),
};

/** Tag of a vocabulary in its URN and in its web URI; null = the words live at gs1.org/voc, without a tag. */
const TAGS: Readonly<Record<Vocabulary, { readonly urn: string; readonly web: string } | null>> = {
  bizStep: { urn: 'bizstep', web: 'BizStep' },
  disposition: { urn: 'disp', web: 'Disp' },
  bizTransaction: { urn: 'btt', web: 'BTT' },
  sourceDest: { urn: 'sdt', web: 'SDT' },
  errorReason: { urn: 'er', web: 'ER' },
  component: { urn: 'comp', web: 'Comp' },
  measurement: null,
  alert: null,
};

const URN = 'urn:epcglobal:cbv:';
const WEB = 'https://ref.gs1.org/cbv/';
const VOC = 'https://gs1.org/voc/';
/** The two homes and what else is written for them; without the scheme, for `http:` too. */
const CBV_HOMES = ['ref.gs1.org/cbv/', 'ns.gs1.org/cbv/'] as const;
const VOC_HOMES = ['gs1.org/voc/', 'ref.gs1.org/voc/', 'www.gs1.org/voc/', 'ns.gs1.org/voc/'] as const;

/** Prefixes that the EPCIS context declares: they hold where a document declares none. */
const OWN_PREFIXES: ReadonlyMap<string, string> = new Map([
  ['cbv', WEB],
  ['gs1', VOC],
  ['epcis', 'https://ref.gs1.org/epcis/'],
]);

/**
 * A CURIE with its prefix spelled out. Text whose prefix nobody declared, and `scheme://…`, stay as they are.
 * @param prefixes those in scope, prefix → IRI
 */
export function expandCurie(text: string, prefixes: ReadonlyMap<string, string>): string {
  const colon = text.indexOf(':');
  if (colon < 1 || text.startsWith('//', colon + 1)) return text;
  const prefix = text.slice(0, colon);
  const iri = prefixes.get(prefix) ?? OWN_PREFIXES.get(prefix);
  // XML has `urn` and `http` as prefixes of nobody; a document that declares them does not change what a URI is.
  if (iri === undefined || prefix === 'urn') return text;
  // XML namespaces often end without a separator, their JSON twins with one: it stands between either way.
  const separator = /[:/#]$/.test(iri) ? '' : iri.startsWith('urn:') ? ':' : '/';
  return iri + separator + text.slice(colon + 1);
}

/**
 * A value of a vocabulary in canonical form: the bare word, or the whole URI where it is none of the CBV's. Whether the
 * word exists is not judged here (`isCbvWord`).
 */
export function bareWord(
  vocabulary: Vocabulary,
  sent: string,
  prefixes: ReadonlyMap<string, string>,
): string {
  const text = sent.trim();
  if (!text.includes(':')) return text;
  const whole = expandCurie(text, prefixes);
  const tag = TAGS[vocabulary];
  if (tag !== null && whole.startsWith(URN)) {
    const head = `${URN}${tag.urn}:`;
    return whole.startsWith(head) && whole.length > head.length ? whole.slice(head.length) : whole;
  }
  const home = whole.startsWith('https://') ? 8 : whole.startsWith('http://') ? 7 : 0;
  if (home === 0) return whole;
  if (tag === null) return after(whole, home, VOC_HOMES, '') ?? whole;
  return after(whole, home, [...CBV_HOMES, ...VOC_HOMES], `${tag.web}-`) ?? whole;
}

function after(whole: string, from: number, homes: readonly string[], head: string): string | null {
  for (const home of homes) {
    if (!whole.startsWith(home + head, from)) continue;
    const word = whole.slice(from + home.length + head.length);
    if (word !== '') return word;
  }
  return null;
}

/** True for a word of the vocabulary in its bare form. */
export function isCbvWord(vocabulary: Vocabulary, word: string): boolean {
  return CBV_WORDS[vocabulary].has(word);
}

/** True for a URI in a namespace of the CBV: what is left there by `bareWord` is no word of the vocabulary. */
export function isInCbv(uri: string): boolean {
  if (uri.startsWith(URN)) return true;
  const from = uri.startsWith('https://') ? 8 : uri.startsWith('http://') ? 7 : 0;
  return from > 0 && [...CBV_HOMES, ...VOC_HOMES].some((home) => uri.startsWith(home, from));
}

/** The web URI of a bare word: what the reference hash writes. */
export function webUri(vocabulary: Vocabulary, word: string): string {
  const tag = TAGS[vocabulary];
  return tag === null ? VOC + word : `${WEB}${tag.web}-${word}`;
}
