using System.Globalization;
using System.Text;

namespace ShareRpc.Benchmarks.Load;

/// <summary>
/// The data of ops as coding agents make them: parts of messages, such that an op is about 405 bytes on the wire. The
/// same bytes in every run, from a generator of its own (mulberry32).
/// </summary>
internal sealed class OpBodies
{
    /// <summary>Characters that the data has at least, so that a whole op comes to 405 bytes.</summary>
    private const int UsualBytes = 260;
    private const int SpreadBytes = 20;

    private static readonly string[] Words =
        ("the a of file server test error build run fix share stream session message part tool read write edit bash "
            + "grep output token "
         + "model cache commit append cursor viewer agent log parse json socket retry timeout function return value "
             + "index schema table "
         + "query update delete insert assert pass fail warning line path module import export async await "
             + "client").Split(' ');

    private static readonly string[] Types = ["text", "tool", "reasoning", "step"];
    private static readonly string[] Tools = ["bash", "read", "edit", "grep"];
    private static readonly string[] States = ["pending", "running", "completed"];
    private readonly byte[][] bodies;
    private readonly int shortest;
    private uint state;

    public OpBodies(int count = 4_096, uint seed = 12_345, int shortestBytes = UsualBytes)
    {
        state = seed;
        shortest = shortestBytes;
        bodies = [.. Enumerable.Range(0, count).Select(Make)];
    }

    /// <summary>One body after the other, round and round.</summary>
    public ReadOnlyMemory<byte> this[long index] => bodies[index % bodies.Length];

    private byte[] Make(int index)
    {
        var text = new StringBuilder(420);
        string type = Types[Below(4)];
        text.Append(CultureInfo.InvariantCulture, $"{{\"id\":\"prt_{Hex(24)}\",\"message_id\":\"msg_{Hex(24)}\",");
        text.Append(CultureInfo.InvariantCulture, $"\"type\":\"{type}\",\"time\":{1_760_000_000_000 + (index * 37L)},");
        if (type == "tool") text.Append(CultureInfo.InvariantCulture,
            $"\"tool\":\"{Tools[Below(4)]}\",\"status\":\"{States[Below(3)]}\",");
        text.Append("\"text\":\"");
        int target = shortest + Below(SpreadBytes);
        while (text.Length < target)
        {
            string word = Words[Below(Words.Length)];
            text.Append(Below(100) switch { < 6 => word + "\\n", < 9 => $"\\\"{word}\\\"", < 11 => "→" + word,
                _ => word }).Append(' ');
        }

        return Encoding.UTF8.GetBytes(text.Append("\"}").ToString());
    }

    private string Hex(int digits)
    {
        var hex = new StringBuilder(digits + 8);
        while (hex.Length < digits) hex.Append(Next().ToString("x8", CultureInfo.InvariantCulture));
        return hex.ToString(0, digits);
    }

    private int Below(int bound) => (int)(Next() % (uint)bound);

    private uint Next()
    {
        state += 0x6D2B79F5;
        uint t = (state ^ (state >> 15)) * (1 | state);
        t = (t + ((t ^ (t >> 7)) * (61 | t))) ^ t;
        return t ^ (t >> 14);
    }
}
