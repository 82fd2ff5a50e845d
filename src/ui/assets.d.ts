// What the bundler lets the pages import besides modules.
declare module "*.css";
declare module "*?url" {
  const address: string;
  export default address;
}
declare module "*?worker" {
  const Constructor: new (options?: { readonly name?: string }) => Worker;
  export default Constructor;
}
