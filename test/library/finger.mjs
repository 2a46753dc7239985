/** A finger on the button of a Nucleo-L476RG, 100 ms after power-on. */
export default (board) => {
  const button = board.pin('PC13');
  button.drive(1);
  board.timer(() => button.drive(0)).start('100ms');
};
