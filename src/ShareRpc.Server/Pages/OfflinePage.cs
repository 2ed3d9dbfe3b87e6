using System.Text.Json;
using ShareRpc.Protocol.Ops;

namespace ShareRpc.Server.Pages;

/// <summary>
/// Writes a session as one file that a browser opens without a network: the page with its script and style inside,
/// whose policy lets nothing else run or load, and the documents as data.
/// </summary>
internal static class OfflinePage
{
    private static ReadOnlySpan<byte> Place => "SESSION"u8;

    /// <summary>Writes the file; false, without a byte written, where the pages are not built in.</summary>
    public static bool Write(Stream output, IReadOnlyList<Document> documents, long cursor)
    {
        if (PageFiles.Embedded.Offline is not { } page) return false;
        int place = page.AsSpan().IndexOf("type=\"application/json\" id=\"session\">SESSION"u8);
        int start = place + page.AsSpan(place).IndexOf(Place);
        output.Write(page.AsSpan(0, start));
        using (var json = new Utf8JsonWriter(new WithoutMarkup(output)))
        {
            json.WriteStartObject();
            json.WriteNumber("cursor"u8, cursor);
            json.WriteStartArray("docs"u8);
            foreach (Document document in documents)
            {
                json.WriteStartObject();
                json.WriteString("kind"u8, document.Kind);
                json.WriteString("key"u8, document.Key);
                json.WriteNumber("cursor"u8, document.Cursor);
                json.WritePropertyName("data"u8);
                json.WriteRawValue(document.Data.Utf8.Span, skipInputValidation: true);
                if (document.Redacted is true) json.WriteBoolean("redacted"u8, true);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        output.Write(page.AsSpan(start + Place.Length));
        return true;
    }

    /// <summary>
    /// Writes each <c>&lt;</c> as an escape. In JSON it stands in strings only, so that the text means the same, and no
    /// content can end the element that it stands in or begin another.
    /// </summary>
    private sealed class WithoutMarkup(Stream output) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            for (int next = buffer.IndexOf((byte)'<'); next >= 0; next = buffer.IndexOf((byte)'<'))
            {
                output.Write(buffer[..next]);
                output.Write("\\u003c"u8);
                buffer = buffer[(next + 1)..];
            }

            output.Write(buffer);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => output.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
