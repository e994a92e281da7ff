"""Modbus TCP units under a test's hand: registers and coils by unit, what was written, and how a unit behaves.

Framed here by hand (Modbus application protocol 1.1b3), so that neither the gateway's library nor the simulator's is its judge.
"""
import socketserver
import struct
import threading
import time


class Unit:
    def __init__(self):
        self.registers = {}
        self.writes = []
        self.silent = False
        self.exception = 0
        self.asked = 0


class ModbusField:
    def __init__(self):
        self.units, self.lock = {}, threading.Lock()
        field = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                try:
                    while True:
                        head = self.take(7)
                        transaction, _, length, unit = struct.unpack(">HHHB", head)
                        answer = field.answer(unit, self.take(length - 1))
                        if answer is not None:
                            self.request.sendall(struct.pack(">HHHB", transaction, 0, len(answer) + 1, unit) + answer)
                except (ConnectionError, OSError):
                    pass

            def take(self, n):
                data = b""
                while len(data) < n:
                    piece = self.request.recv(n - len(data))
                    if not piece:
                        raise ConnectionError
                    data += piece
                return data

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads, allow_reuse_address = True, True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def unit(self, number):
        return self.units.setdefault(number, Unit())

    def set(self, unit, **registers):
        """set(1, r17=600): by the number on the wire, all at once."""
        with self.lock:
            for name, value in registers.items():
                self.unit(unit).registers[int(name[1:])] = value

    def answer(self, number, pdu):
        function = pdu[0]
        with self.lock:
            unit = self.units.get(number)
            if unit is None:
                return bytes([function | 0x80, 0x0B])
            unit.asked += 1
            if unit.silent:
                return None
            if unit.exception:
                return bytes([function | 0x80, unit.exception])
            first, second = struct.unpack(">HH", pdu[1:5])
            if function in (1, 2):
                bits = [unit.registers.get(first + i, 0) != 0 for i in range(second)]
                data = bytes(sum(b << k for k, b in enumerate(bits[i:i + 8])) for i in range(0, second, 8))
                return bytes([function, len(data)]) + data
            if function in (3, 4):
                values = [unit.registers.get(first + i, 0) for i in range(second)]
                return bytes([function, 2 * second]) + struct.pack(f">{second}H", *values)
            if function in (5, 6):
                unit.writes.append((time.monotonic(), function, first, second))
                return pdu
            if function == 16:
                unit.writes.append((time.monotonic(), function, first, struct.unpack(">H", pdu[6:8])[0]))
                return pdu[:5]
            return bytes([function | 0x80, 1])
