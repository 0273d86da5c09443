// Where the picture lies on the stage: zoom and pan. Points are {x, y}.

const LARGEST = 32;

export class View {
  constructor() {
    this.scale = 1; // CSS pixels for one of the picture's
    this.x = 0; // where the picture's corner is, in CSS pixels of the stage
    this.y = 0;
    this.fitted = true;
  }

  /** Shows all of a picture in the middle of the stage. */
  fit(picture, stage) {
    const edge = stage.width < 600 ? 12 : 28;
    const scale = Math.min((stage.width - 2 * edge) / picture.width, (stage.height - 2 * edge) / picture.height);
    this.scale = Math.max(0.01, Math.min(scale, 4));
    this.x = (stage.width - picture.width * this.scale) / 2;
    this.y = (stage.height - picture.height * this.scale) / 2;
    this.fitted = true;
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

  toPicture(point) {
    return { x: (point.x - this.x) / this.scale, y: (point.y - this.y) / this.scale };
  }

  toStage(point) {
    return { x: point.x * this.scale + this.x, y: point.y * this.scale + this.y };
  }
}
