/** Preloaded into a process (`--import`): its calendar is off by WILCO_DRILL_SKEW ms, its monotonic clock is not. */
const skew = Number(process.env.WILCO_DRILL_SKEW ?? 0);
const RealDate = Date;

globalThis.Date = class extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + skew);
    else super(...parts);
  }
  static now() {
    return RealDate.now() + skew;
  }
};
