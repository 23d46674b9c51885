export { weir_abi_1, weir_buffer, weir_close, weir_open, weir_process } from "./assembly/exports";
