import type { AnyDetector } from '../core/detector.js';
import { standing } from '../core/pulse.js';
import { type EncodedEntity, Entity, type EntityBody, EntityCodec, type EntityKeeper, type Packed } from './entity.js';
import { KeyFilter } from './key-filter.js';
import { LiveBound } from './live-bound.js';
import { PackedTexts } from './packed-texts.js';

const NONE: readonly number[] = [];
/** An event looks at its own entity and at a few peers, which must not be packed under its hands. */
const LIVE_MIN = 16;
/** Of the bounds, what is kept when entities leave for the store, so that they do not leave one by one. */
const KEPT_SHARE = 0.9;

export interface KeyedLimits {
  /** Entities at most; beyond it the one used longest ago leaves. */
  readonly max: number;
  /** Of these, those whose body is not packed, at most: fewer where so many spare nothing. All of them unless told. */
  readonly liveMax?: number;
  /**
   * Bytes of packed bodies. With it nothing leaves but by `spill`, once a checkpoint has stored it: until then there may be
   * more than `max`.
   */
  readonly packedMax?: number;
}

/** Entities of one partition, bounded; the least recently used is packed first and leaves first. */
export class KeyedState implements EntityKeeper {
  readonly #byUid = new Map<string, Entity>();
  readonly #codec: EntityCodec;
  readonly #max: number;
  readonly #liveBound: LiveBound;
  readonly #packedMax: number;
  readonly #spills: boolean;
  readonly #beforePacking: (entity: Entity) => void;
  readonly #texts = new PackedTexts();
  /** Entities that left for the store. */
  readonly #spilled = new KeyFilter();
  #oldest: Entity | null = null;
  #newest: Entity | null = null;
  /** From here to the newest, none is packed. */
  #oldestLive: Entity | null = null;
  #live = 0;
  /** Above these, entities should leave; moved up where those that are left cannot. */
  #spillAbove: { readonly size: number; readonly packed: number };
  /** Entities that left memory since the start. */
  evictions = 0;

  /** @param beforePacking told of an entity that is about to be packed. */
  constructor(
    detectors: readonly AnyDetector[],
    { max, liveMax = Infinity, packedMax }: KeyedLimits,
    beforePacking: (entity: Entity) => void = () => undefined,
  ) {
    this.#codec = new EntityCodec(detectors);
    this.#max = max;
    this.#liveBound = new LiveBound(Math.max(LIVE_MIN, liveMax));
    this.#packedMax = packedMax ?? Infinity;
    this.#spills = packedMax !== undefined;
    this.#spillAbove = { size: this.#spills ? max : Infinity, packed: this.#packedMax };
    this.#beforePacking = beforePacking;
  }

  get size(): number {
    return this.#byUid.size;
  }

  /** False for an entity that history could tell something about. */
  isWarm(uid: string): boolean {
    const entity = this.#byUid.get(uid);
    return entity !== undefined && entity.cold.length === 0;
  }

  /** Nothing more is to come from history. */
  markWarm(uid: string): void {
    const entity = this.#byUid.get(uid);
    if (entity !== undefined) entity.cold = NONE;
  }

  /** True if the store may have the state of an entity that is not here. */
  mayBeSpilled(uid: string): boolean {
    return !this.#byUid.has(uid) && this.#spilled.mayHave(uid);
  }

  peek(uid: string): Entity | undefined {
    return this.#byUid.get(uid);
  }

  /** The entity, if there is one, as the most recently used. */
  used(uid: string): Entity | undefined {
    const known = this.#byUid.get(uid);
    if (known !== undefined) this.#use(known);
    return known;
  }

  /** The entity, made when new, as the most recently used. */
  touch(uid: string): Entity {
    return this.used(uid) ?? this.#add(new Entity(uid, this.#codec.fresh(), this));
  }

  /** Of the entity that is asked for its body. */
  unpack(entity: Entity): EntityBody {
    const { packed } = entity;
    if (packed === null) throw new TypeError('Only what is packed can be unpacked.');
    const body = this.#codec.unpack(JSON.parse(this.#textOf(packed)) as EncodedEntity);
    this.#drop(packed);
    entity.replaceBody(body);
    this.#live += 1;
    this.#relink(entity);
    return body;
  }

  all(): IterableIterator<Entity> {
    return this.#byUid.values();
  }

  /** Changed since they were last stored. */
  *dirty(): Generator<Entity> {
    for (const entity of this.#byUid.values()) if (entity.dirty) yield entity;
  }

  encode(entity: Entity): EncodedEntity {
    const { packed } = entity;
    return packed === null ? this.#codec.encode(entity) : (JSON.parse(this.#textOf(packed)) as EncodedEntity);
  }

  /** The same as a text. */
  encodeText(entity: Entity): string {
    const { packed } = entity;
    return packed === null ? JSON.stringify(this.#codec.encode(entity)) : this.#textOf(packed);
  }

  /** Puts an encoded entity back. A detector of another version, or new since, begins anew. */
  restore(uid: string, encoded: EncodedEntity): Entity {
    const entity = this.touch(uid);
    const { body, cold } = this.#codec.decode(encoded);
    entity.replaceBody(body);
    entity.cold = cold;
    entity.lastMs = encoded.lastMs;
    entity.dirty = false;
    return entity;
  }

  /**
   * Lets go of entities not seen since a time; what is used longest ago is looked at first, the rest is not.
   *
   * @param isAwaited true for an entity of which an event waits.
   */
  evictIdle(beforeMs: number, isAwaited: (uid: string) => boolean): void {
    let entity = this.#oldest;
    while (entity !== null && entity.lastMs < beforeMs) {
      const { newer } = entity;
      if (!isAwaited(entity.uid)) this.#evict(entity);
      entity = newer;
    }
  }

  /** True if entities should leave for the store. */
  get isFull(): boolean {
    const { size, packed } = this.#spillAbove;
    return this.#byUid.size > size || this.#texts.bytes > packed;
  }

  /**
   * Lets go of what was used longest ago until the rest is well within its bounds. Only of what the store has as it is, which
   * is asked for again when the entity comes back. Those at whom others look stay, and those who want to be woken while there
   * are not twice as many as there should be.
   *
   * @param isAwaited true for an entity of which an event waits.
   */
  spill(isAwaited: (uid: string) => boolean): void {
    const mayLeave = ({ dirty, uid }: Entity): boolean => !dirty && standing(uid) === 0 && !isAwaited(uid);
    const [size, packed] = [this.#max * KEPT_SHARE, this.#packedMax * KEPT_SHARE];
    this.#evictTo(size, packed, (entity) => entity.armedMs === Infinity && mayLeave(entity));
    this.#evictTo(2 * this.#max, 2 * this.#packedMax, mayLeave);
    this.#spillAbove = {
      size: Math.max(this.#max, this.#byUid.size / KEPT_SHARE),
      packed: Math.max(this.#packedMax, this.#texts.bytes / KEPT_SHARE),
    };
  }

  #evictTo(size: number, packed: number, mayLeave: (entity: Entity) => boolean): void {
    let entity = this.#oldest;
    while (entity !== null && (this.#byUid.size > size || this.#texts.bytes > packed)) {
      const { newer } = entity;
      if (mayLeave(entity)) this.#evict(entity);
      entity = newer;
    }
  }

  #add(entity: Entity): Entity {
    if (!this.#spills && this.#byUid.size >= this.#max && this.#oldest !== null) this.#evict(this.#oldest);
    entity.lastUse = this.#liveBound.use(null);
    this.#byUid.set(entity.uid, entity);
    this.#live += 1;
    this.#link(entity);
    this.#packOldest();
    return entity;
  }

  #evict(entity: Entity): void {
    this.#byUid.delete(entity.uid);
    this.#unlink(entity);
    if (entity.packed === null) this.#live -= 1;
    else this.#drop(entity.packed);
    if (this.#spills) this.#spilled.add(entity.uid);
    this.evictions += 1;
  }

  #textOf(packed: Packed): string {
    return typeof packed === 'string' ? packed : this.#texts.get(packed);
  }

  #drop(packed: Packed): void {
    if (typeof packed === 'number') this.#texts.drop(packed);
  }

  #use(entity: Entity): void {
    entity.lastUse = this.#liveBound.use(entity.lastUse);
    if (entity.packed !== null) this.unpack(entity);
    else if (entity !== this.#newest) this.#relink(entity);
  }

  #relink(entity: Entity): void {
    this.#unlink(entity);
    this.#link(entity);
    this.#packOldest();
  }

  #packOldest(): void {
    const liveMax = Math.max(LIVE_MIN, this.#liveBound.entities);
    while (this.#live > liveMax && this.#oldestLive !== null) {
      const entity = this.#oldestLive;
      this.#beforePacking(entity);
      const text = JSON.stringify(this.#codec.encode(entity));
      entity.replaceBody(this.#texts.put(text) ?? text);
      this.#live -= 1;
      this.#oldestLive = entity.newer;
    }
  }

  #link(entity: Entity): void {
    entity.older = this.#newest;
    entity.newer = null;
    if (this.#newest !== null) this.#newest.newer = entity;
    this.#newest = entity;
    this.#oldest ??= entity;
    this.#oldestLive ??= entity;
  }

  #unlink(entity: Entity): void {
    if (entity === this.#oldestLive) this.#oldestLive = entity.newer;
    if (entity.older !== null) entity.older.newer = entity.newer;
    else this.#oldest = entity.newer;
    if (entity.newer !== null) entity.newer.older = entity.older;
    else this.#newest = entity.older;
    entity.older = null;
    entity.newer = null;
  }
}
