// The local server behind `brink serve`.
export {};
