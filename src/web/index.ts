// The laboratory inside a browser: worker, storage, device.
export {};
