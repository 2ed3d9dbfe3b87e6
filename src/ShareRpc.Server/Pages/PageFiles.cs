using System.Reflection;
using System.Text;

namespace ShareRpc.Server.Pages;

/// <summary>The built pages of src/viewer, as they are embedded here (eng/Viewer.targets); none in a build that skipped them.</summary>
internal sealed class PageFiles
{
    private const string Prefix = "viewer/";
    private const string Assets = "assets/";
    private const string Html = "text/html; charset=utf-8";
    private readonly Dictionary<string, PageFile> assets;

    private PageFiles(Dictionary<string, byte[]> files)
    {
        assets = files.Where(file => file.Key.StartsWith(Assets, StringComparison.Ordinal) && !IsEncoded(file.Key)).ToDictionary(
            file => file.Key[Assets.Length..],
            file => new PageFile(
                TypeOf(file.Key), file.Value, files.GetValueOrDefault(file.Key + ".br"), files.GetValueOrDefault(file.Key + ".gz")));
        if (files.TryGetValue("viewer.html", out byte[]? viewer)) Viewer = new PageFile(Html, OneLevelDown(viewer));
        if (files.TryGetValue("admin.html", out byte[]? admin)) Admin = new PageFile(Html, admin);
    }

    public static PageFiles Embedded { get; } = new(ReadEmbedded());

    /// <summary>For a link: the same for every one, right or wrong, since the link is not even looked at.</summary>
    public PageFile Viewer { get; } = new(Html, TextPage.Html);

    /// <summary>Null in a build without pages.</summary>
    public PageFile? Admin { get; }

    /// <summary>Names carry a hash of what is in them.</summary>
    public IEnumerable<string> AssetNames => assets.Keys;

    public PageFile? Asset(string name) => assets.GetValueOrDefault(name);

    /// <summary>Links are one level below the root, wherever a proxy has put that: what a page loads is named relatively.</summary>
    private static byte[] OneLevelDown(byte[] html) => Encoding.UTF8.GetBytes(
        Encoding.UTF8.GetString(html).Replace("\"./" + Assets, "\"../" + Assets, StringComparison.Ordinal));

    private static bool IsEncoded(string name) => Path.GetExtension(name) is ".br" or ".gz";

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        ".png" => "image/png",
        ".woff2" => "font/woff2",
        _ => "application/octet-stream",
    };

    private static Dictionary<string, byte[]> ReadEmbedded()
    {
        Assembly assembly = typeof(PageFiles).Assembly;
        var files = new Dictionary<string, byte[]>();
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using Stream stream = assembly.GetManifestResourceStream(name)!;
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            files.Add(name[Prefix.Length..], content);
        }

        return files;
    }
}
