// What the bundler lets modules import besides modules.
declare module "*?url" {
  const address: string;
  export default address;
}
