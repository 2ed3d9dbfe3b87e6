using System.Text;

namespace ShareRpc.Server.Pages;

internal static class TextPage
{
    public static byte[] Html { get; } = Encoding.UTF8.GetBytes("""
        <!doctype html>
        <html lang="en">
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width">
        <meta name="referrer" content="no-referrer">
        <meta name="robots" content="noindex, nofollow">
        <meta property="og:title" content="PREVIEW_TITLE">
        <meta property="og:description" content="PREVIEW_DESCRIPTION">
        <title>PREVIEW_TITLE</title>
        <h1>A shared session</h1>
        <p>The address of this page is a key to it: whoever has the address can read the session.</p>
        <p>To follow it in a terminal, give the whole address, in quotes, to <code>sharerpc watch</code>.</p>
        <p>To go on with it in opencode, give an address with <code>/share/</code> in it to
        <code>opencode import</code>.</p>
        </html>
        """);
}
