using System.Text;

namespace ShareRpc.EndToEndTests.Disk;

/// <summary>Pages of a database that turn into rubbish.</summary>
internal static class Damage
{
    private const int PageBytes = 4096;

    /// <summary>Every page that holds a text.</summary>
    public static void PagesWith(string database, string text)
    {
        byte[] sought = Encoding.UTF8.GetBytes(text);
        using var file =
            new FileStream(database, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        byte[] rubbish = Enumerable.Repeat((byte)0xEE, PageBytes).ToArray();
        int found = 0;
        for (int page = PageBytes; page < bytes.Length; page += PageBytes)
        {
            bool isThere = bytes.AsSpan(page, PageBytes).IndexOf(sought) >= 0;
            if (!isThere) continue;
            found++;
            file.Position = page;
            file.Write(rubbish);
        }

        Assert.True(found > 0, "no page holds the text");
    }
}
