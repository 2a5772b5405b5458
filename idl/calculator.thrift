/** The service of the experiment: one call whose reply takes many reads. */
service Calculator {
  /** An image of exactly 2,745,109 bytes. */
  binary get_image()
}
