// The edge-coupling functional A_η(x, y) and its gradients (arXiv 2604.20446).
import { InputError, type Vector } from "../../math/index.ts";

/**
 * A_η(x, y) = L(x) + L(y) − ‖x − y‖²/(2η). Its critical points are the fixed points (x = y) and the period-two
 * orbits (x ≠ y) of gradient descent with learning rate η; 1/η is the only strength of the coupling for which
 * ∂A/∂x = 0 says y = x − η∇L(x). Unit: that of the loss. O(P).
 */
export function edgeCoupling(lossX: number, lossY: number, x: Vector, y: Vector, lr: number): number {
  checkRate(lr);
  let squared = 0;
  for (let i = 0; i < x.length; i++) squared += (x[i]! - y[i]!) ** 2;
  return lossX + lossY - squared / (2 * lr);
}

/**
 * out ← ∂A_η/∂x = ∇L(x) − (x − y)/η; swap the arguments for ∂A_η/∂y, A being symmetric. At consecutive iterates of
 * gradient descent −η ∂A/∂y (w_k, w_{k+1}) = w_{k+2} − w_k, the two-step return. O(P); `out` may be `gradientX`.
 */
export function edgeCouplingGradient(gradientX: Vector, x: Vector, y: Vector, lr: number, out: Vector): void {
  checkRate(lr);
  for (let i = 0; i < out.length; i++) out[i] = gradientX[i]! - (x[i]! - y[i]!) / lr;
}

/** Throws InputError unless lr is a positive finite number. */
export function checkRate(lr: number): void {
  if (lr > 0 && Number.isFinite(lr)) return;
  throw new InputError("not a learning rate", { field: "lr", received: String(lr), allowed: "> 0" });
}
