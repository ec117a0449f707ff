// The microphone as a WAV file, so that every server can read it.
const RATE_HZ = 44100;

export async function record() {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.addEventListener("dataavailable", (event) => parts.push(event.data));
  recorder.start();
  return {
    stop: () => new Promise((done, failed) => {
      recorder.addEventListener("stop", async () => {
        stream.getTracks().forEach((track) => track.stop());
        try {
          const context = new OfflineAudioContext(1, 1, RATE_HZ);
          const sound = await context.decodeAudioData(await new Blob(parts).arrayBuffer());
          done(wav(sound.getChannelData(0)));
        } catch (error) {
          failed(error);
        }
      });
      recorder.stop();
    }),
  };
}

function wav(samples) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const text = (at, word) => [...word].forEach((letter, index) => view.setUint8(at + index, letter.charCodeAt(0)));
  text(0, "RIFF");
  view.setUint32(4, 36 + 2 * samples.length, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, RATE_HZ, true);
  view.setUint32(28, 2 * RATE_HZ, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((value, index) => view.setInt16(44 + 2 * index, Math.max(-1, Math.min(1, value)) * 32767, true));
  return new Blob([view.buffer], { type: "audio/wav" });
}
