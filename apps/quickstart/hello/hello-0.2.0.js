export function greet(name) {
  return `Hello, ${name}! Your registry is in good order.`;
}
