// A gauge of `/metrics` that is read when somebody asks.

import { Gauge, type Registry } from 'prom-client';

export function addGauge(registry: Registry, name: string, help: string, value: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}
