// What the theory predicts: scalar dynamics, the constrained trajectory, edge coupling.
export {};
