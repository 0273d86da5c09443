// Where the picture lies on the stage: zoom and pan. Points are {x, y}.

const LARGEST = 32;
const GAP = 8;
const SEEN = 48; // CSS pixels of a picture, in each direction, that stay on the stage

/** The scale at which a picture fits into an area. */
function scaleIn(picture, { left, top, right, bottom }) {
  const scale = Math.min((right - left) / picture.width, (bottom - top) / picture.height);
  return Math.max(0.01, Math.min(scale, 4));
}

export class View {
  constructor() {
    this.scale = 1; // CSS pixels for one of the picture's
    this.x = 0; // where the picture's corner is, in CSS pixels of the stage
    this.y = 0;
    this.fitted = true;
  }

  /** Shows all of a picture on the stage, beside or above the buttons in its lower left corner. */
  fit(picture, stage, corner) {
    const edge = stage.width < 600 ? 12 : 28;
    const whole = { left: edge, top: edge, right: stage.width - edge, bottom: stage.height - edge };
    this.#fill(picture, whole);
    if (this.x < corner.right && this.y + picture.height * this.scale > corner.top) {
      const areas = [{ ...whole, left: corner.right + GAP }, { ...whole, bottom: corner.top - GAP }];
      this.#fill(picture, areas.reduce((one, other) => (scaleIn(picture, one) > scaleIn(picture, other) ? one : other)));
    }
    this.fitted = true;
  }

  #fill(picture, area) {
    this.scale = scaleIn(picture, area);
    this.x = (area.left + area.right - picture.width * this.scale) / 2;
    this.y = (area.top + area.bottom - picture.height * this.scale) / 2;
  }

  /** Zooms so that what is under `point` stays there. */
  zoom(factor, point) {
    const scale = Math.min(LARGEST, Math.max(0.02, this.scale * factor));
    const ratio = scale / this.scale;
    this.x = point.x - (point.x - this.x) * ratio;
    this.y = point.y - (point.y - this.y) * ratio;
    this.scale = scale;
    this.fitted = false;
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.fitted = false;
  }

  /** Moves a picture that was pushed out of sight back to the edge of the stage. */
  keep(picture, stage) {
    const within = (at, length, room) => {
      const least = Math.min(SEEN, length);
      return Math.min(room - least, Math.max(least - length, at));
    };
    this.x = within(this.x, picture.width * this.scale, stage.width);
    this.y = within(this.y, picture.height * this.scale, stage.height);
  }

  toPicture(point) {
    return { x: (point.x - this.x) / this.scale, y: (point.y - this.y) / this.scale };
  }

  toStage(point) {
    return { x: point.x * this.scale + this.x, y: point.y * this.scale + this.y };
  }
}
